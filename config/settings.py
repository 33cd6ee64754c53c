"""All settings, read from the environment. Every default is safe for production.

``NAME_FILE`` may name a file that holds the value of ``NAME`` (a mounted secret).
"""

import re
import secrets
import socket
from pathlib import Path

from cryptography.fernet import Fernet
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from config.environment import Environment

BASE_DIR = Path(__file__).resolve().parent.parent

env = Environment()

DEBUG = env.bool("DEBUG", False)
#: True only in ``manage.py demo`` and in the tests, which bring their own database and secrets.
SELF_CONTAINED = env.bool("SELF_CONTAINED", False)
TRUSTS_DEFAULTS = DEBUG or SELF_CONTAINED


def required(name: str, fallback: str) -> str:
    """The variable's value; ``fallback`` only where nobody's data is at stake."""
    value = env.str(name, "").strip()
    if value or TRUSTS_DEFAULTS:
        return value or fallback
    raise ImproperlyConfigured(
        f"{name} is not set. README.md, “Configuration”, says what it is for."
    )


PRODUCT_NAME = env.str("PRODUCT_NAME", "Scoreline")
SECRET_KEY = required("SECRET_KEY", secrets.token_urlsafe(50))
FIELD_ENCRYPTION_KEYS = [
    key.strip()
    for key in required("FIELD_ENCRYPTION_KEYS", Fernet.generate_key().decode()).split(",")
]
ALLOWED_HOSTS = [
    host.strip() for host in required("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]").split(",")
]
#: Where people reach this site, for links in mails and for Salesforce's callback.
BASE_URL = env.str("BASE_URL", f"https://{ALLOWED_HOSTS[0]}").strip().rstrip("/")
if not re.fullmatch(r"https?://[A-Za-z0-9\[][A-Za-z0-9.:\]-]*", BASE_URL):
    raise ImproperlyConfigured(
        f"BASE_URL must be the address of this site, such as https://scoreline.example.com, "
        f"not “{BASE_URL}”. Where it is not set, the first of ALLOWED_HOSTS is taken."
    )
SERVED_BY_HTTPS = BASE_URL.startswith("https://")

INSTALLED_APPS = [
    "config.apps.ScorelineAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "django_q",
    "accounts",
    "activities",
    "integrations",
    "config.apps.ConfigConfig",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "accounts.audit.from_where",
    "accounts.bearer.without_cookies",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.time_zone.local_time",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.context_processors.product",
            ],
        },
    },
]

# Database. The pool is for the web process alone: it would not survive that django-q2 forks.
database_url = required("DATABASE_URL", "postgres:///unused")
if not database_url.startswith(("postgres://", "postgresql://")):
    # Row locks, COPY and composite keys are used throughout.
    raise ImproperlyConfigured(
        "DATABASE_URL must name a PostgreSQL database, such as postgres://user:password@host/name."
    )
DATABASES = {"default": env.db_url_config(database_url)}
WEB_POOL_SIZE = env.int("WEB_POOL_SIZE", 0)
DATABASES["default"] |= {
    "CONN_MAX_AGE": 0 if WEB_POOL_SIZE else 60,
    "CONN_HEALTH_CHECKS": True,
}
if WEB_POOL_SIZE:
    DATABASES["default"].setdefault("OPTIONS", {})["pool"] = {
        "min_size": 1,
        "max_size": WEB_POOL_SIZE,
        # By default a database that is away is looked for ever more rarely, minutes apart at last.
        "reconnect_timeout": 30,
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# People and their sessions.
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.RoleBackend"]
#: An address is unique within a company only; the log-in asks which company is meant.
SILENCED_SYSTEM_CHECKS = ["auth.W004"]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
PASSWORD_RESET_TIMEOUT = 7 * 24 * 3600
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# What a browser is told.
SESSION_COOKIE_SECURE = SERVED_BY_HTTPS
CSRF_COOKIE_SECURE = SERVED_BY_HTTPS
SECURE_SSL_REDIRECT = SERVED_BY_HTTPS
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if SERVED_BY_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SERVED_BY_HTTPS
SECURE_HSTS_PRELOAD = SERVED_BY_HTTPS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if env.bool("BEHIND_TLS_PROXY", False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    },
}

# Mail. Without EMAIL_URL nothing is sent, and invitations are shown as links.
EMAIL_URL = env.str("EMAIL_URL", "").strip()
EMAIL_CONFIGURED = bool(EMAIL_URL)
if EMAIL_CONFIGURED:
    vars().update(env.email_url_config(EMAIL_URL))
else:
    EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", f"{PRODUCT_NAME} <scoreline@{socket.getfqdn()}>")
EMAIL_TIMEOUT = 20

# Words, times, files.
LANGUAGE_CODE = "en"
FORMAT_MODULE_PATH = ["config.formats"]
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"
#: None where files are served from their sources: WhiteNoise warns of a folder that is not there.
_static_folder = env.str("STATIC_ROOT", "" if TRUSTS_DEFAULTS else "staticfiles")
STATIC_ROOT = BASE_DIR / _static_folder if _static_folder else None
STATICFILES_DIRS = [BASE_DIR / "config" / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if STATIC_ROOT is None
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = STATIC_ROOT is None

# Salesforce. Loopback addresses are for the demo org only.
SALESFORCE_ALLOW_LOOPBACK = env.bool("SALESFORCE_ALLOW_LOOPBACK", False)
SALESFORCE_API_VERSION = "66.0"
HELD_RECORD_DAYS = env.int("HELD_RECORD_DAYS", 90)  # records wait so long for an account

# Background work. django-q2 is only the trigger; config/checks.py says why these values.
Q_CLUSTER = {
    "name": "scoreline",
    "orm": "default",
    "workers": env.int("WORKERS", 2),
    "timeout": 600,
    "retry": 2100,
    "max_attempts": 1,
    "ack_failures": True,
    "bulk": 1,
    "queue_limit": 1,
    "poll": env.float("QUEUE_POLL_SECONDS", 2.0),
    "catch_up": False,
    "recycle": 50,
    "max_rss": 400_000,
    "save_limit": 50,
    "save_limit_per": "func",
    "time_zone": "UTC",
    "sync": False,
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "filters": {
        "without_secrets": {"()": "config.log_filter.WithoutSecrets"},
        "faults_in_full": {"()": "config.log_filter.FaultsInFull"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "plain",
            "filters": ["without_secrets", "faults_in_full"],
        }
    },
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", "INFO")},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        # In place of uvicorn's own handler, which would show queries.
        "uvicorn.access": {"handlers": ["console"], "propagate": False},
    },
}
