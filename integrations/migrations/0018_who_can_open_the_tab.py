from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0007_audit_of_a_plan'),
        ('integrations', '0017_workflows_are_switched_off'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='directoryuser',
            name='can_open_tab',
            field=models.BooleanField(blank=True, help_text="Whether they have the tab's permission set; unknown until it is deployed.", null=True, verbose_name='can open the tab'),
        ),
        migrations.AddIndex(
            model_name='directoryuser',
            index=models.Index(condition=models.Q(('can_open_tab', False)), fields=['connection', 'id'], name='directory_without_tab'),
        ),
    ]
