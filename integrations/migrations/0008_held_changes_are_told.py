from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("integrations", "0007_run_with_job")]

    operations = [
        migrations.AddField(
            model_name="heldchange",
            name="told_at",
            field=models.DateTimeField(
                blank=True, null=True, help_text="When people were told by mail."
            ),
        ),
    ]
