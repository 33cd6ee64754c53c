from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("integrations", "0006_field_labels")]

    operations = [
        migrations.AddIndex(
            model_name="syncrun",
            index=models.Index(
                fields=["connection"], condition=~Q(bulk_job_id=""), name="run_with_job"
            ),
        ),
    ]
