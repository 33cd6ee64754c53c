from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("integrations", "0008_held_changes_are_told")]

    operations = [
        migrations.AddIndex(
            model_name="syncrun",
            index=models.Index(
                fields=["connection", "kind", "object_name"],
                condition=Q(kind__in=("backfill", "reconcile")),
                name="run_of_object",
            ),
        ),
    ]
