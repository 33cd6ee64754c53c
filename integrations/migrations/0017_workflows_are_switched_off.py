import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0016_declining_is_ignoring"),
    ]

    operations = [
        migrations.AlterField(
            model_name="evaluation",
            name="workflow",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.RESTRICT,
                related_name="evaluations",
                to="integrations.workflow",
            ),
        ),
    ]
