from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("integrations", "0005_terminating_tells_access")]

    operations = [
        migrations.AddField(
            model_name="watermark",
            name="field_labels",
            field=models.JSONField(
                db_default=models.Value({}, models.JSONField()),
                default=dict,
                help_text="What people call the object's fields, as last described.",
            ),
        ),
    ]
