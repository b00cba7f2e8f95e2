"""Settings of the portal, declared once; an operator changes them by environment, never here."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from csp.constants import NONCE, NONE, SELF
from django.core.management.utils import get_random_secret_key

from duijie_portal.body import MOST_BYTES

HOME = Path(os.environ.get("DUIJIE_HOME", "out")).resolve()
"""The folder of the database, the secret key, the keys of the sides, the evidence and the pipeline's results."""

HOSTED_SIDES = frozenset(filter(None, os.environ.get("DUIJIE_SIDE", "").split(",")))
"""The codes of the sides this node works for; empty: every side of its agreements."""

IS_HTTPS = os.environ.get("DUIJIE_HTTPS", "") == "1"
DEBUG = False
ALLOWED_HOSTS = [*filter(None, os.environ.get("DUIJIE_HOSTS", "").split(",")), "127.0.0.1", "localhost"]


def _secret() -> str:
    """The key that `portal prepare` keeps; without one sessions end with the process."""
    path = HOME / "secret_key"
    given = os.environ.get("DUIJIE_SECRET_KEY", "")
    return given or (path.read_text(encoding="ascii") if path.exists() else get_random_secret_key())


def _sqlite(path: Path) -> dict[str, object]:
    """Write-ahead log, write locks taken at the start, a busy time-out; FULL because the log is signed."""
    start = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
    options = {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": start}
    return {"ENGINE": "duijie_portal.sqlite", "NAME": path, "OPTIONS": options, "TEST": {"NAME": ":memory:"}}


def _database(url: str) -> dict[str, object]:
    """The database an URL names, SQLite in the home without one.

    ``postgresql://user:password@host:port/name``, or ``postgresql://user@/name?host=/folder`` for a socket.
    """
    if not url:
        return _sqlite(HOME / "portal.sqlite3")
    parts = urlsplit(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path[1:]),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or "") or dict(parse_qsl(parts.query)).get("host", ""),
        "PORT": parts.port or "",
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


SECRET_KEY = _secret()
DATABASES = {"default": _database(os.environ.get("DUIJIE_DATABASE_URL", ""))}
DATABASE_ROUTERS = ["duijie_portal.ledger.looking.Then"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "axes",
    "csp",
    "django_htmx",
    "django_tasks",
    "django_tasks_db",
    "duijie_portal.accounts",
    "duijie_portal.ledger",
    "duijie_portal.diagnose",
    "duijie_portal.match",
    "duijie_portal.meet",
    "duijie_portal.track",
    "duijie_portal.share",
    "duijie_portal.frame",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "duijie_portal.frame.middleware.ChosenLanguage",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "duijie_portal.frame.middleware.SeenLately",
    "duijie_portal.frame.middleware.FirstThings",
    "duijie_portal.frame.middleware.NothingKept",
    "duijie_portal.frame.middleware.PlainRefusal",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "duijie_portal.urls"
WSGI_APPLICATION = "duijie_portal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent / "frame" / "overrides"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "duijie_portal.frame.context.chrome",
            ],
        },
    }
]

# Who may come in
AUTH_USER_MODEL = "accounts.Person"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "duijie_portal.accounts.passwords.SequenceValidator"},
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "chooser"
ACCOUNT_ADAPTER = "duijie_portal.accounts.adapters.Invited"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "chooser"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_PREVENT_ENUMERATION = True
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not IS_HTTPS  # browsers themselves allow no host but localhost without TLS
MFA_TOTP_ISSUER = "duijie"
USERSESSIONS_TRACK_ACTIVITY = True
SOCIALACCOUNT_ONLY = False
SOCIALACCOUNT_AUTO_SIGNUP = False
SOCIALACCOUNT_ADAPTER = "duijie_portal.accounts.adapters.KnownOnly"
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "APPS": [
            {
                "provider_id": "office",
                "name": os.environ.get("DUIJIE_OIDC_NAME", "OpenID Connect"),
                "client_id": os.environ["DUIJIE_OIDC_CLIENT"],
                "secret": os.environ.get("DUIJIE_OIDC_SECRET", ""),
                "settings": {"server_url": os.environ["DUIJIE_OIDC_URL"]},
            }
        ]
        if "DUIJIE_OIDC_CLIENT" in os.environ and "DUIJIE_OIDC_URL" in os.environ
        else []
    }
}

# Lock-out after five wrong passwords of one account from one address, for a quarter of an hour
AXES_HANDLER = "duijie_portal.accounts.attempts.Attempts"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_USERNAME_CALLABLE = "duijie_portal.accounts.adapters.named"
AXES_CLIENT_IP_CALLABLE = "duijie_portal.accounts.adapters.address"
AXES_LOCKOUT_TEMPLATE = "frame/locked.html"
AXES_RESET_ON_SUCCESS = True
AXES_HTTP_RESPONSE_CODE = 429
AXES_VERBOSE = False
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # else whoever goes on guessing keeps it locked for ever
ACCOUNT_RATE_LIMITS = {"login_failed": None, "login": None}  # lock-out is axes' part alone

# What a browser may do with a page; leaving for the identity provider is a redirected form
_OIDC = urlsplit(os.environ.get("DUIJIE_OIDC_URL", ""))
OIDC_ORIGINS = [f"{_OIDC.scheme}://{_OIDC.netloc}"] if _OIDC.netloc else []
CSRF_FAILURE_VIEW = "duijie_portal.frame.refusals.csrf_failure"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF, *OIDC_ORIGINS],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = IS_HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = IS_HTTPS
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 8 * 3600
IDLE_MINUTES = int(os.environ.get("DUIJIE_IDLE_MINUTES", "30"))  # then a session asks for the password again
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # a first password stays out of cookies
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = MOST_BYTES  # no file touches a disk before it was checked for marks of secrecy
EVIDENCE_MAX_BYTES = 20 * 1024 * 1024

# Languages and moments: Chinese first, stored in UTC, shown in the time both sides live by
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]
USE_I18N = USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

STATIC_URL = "/static/"
STATICFILES_DIRS = [Path(__file__).parent / "static"]
WHITENOISE_USE_FINDERS = True
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
JOB_BEAT_SECONDS = float(os.environ.get("DUIJIE_JOB_BEAT_SECONDS", "5"))
SMTP_HOST = os.environ.get("DUIJIE_SMTP_HOST", "")
_MAIL = "smtp" if SMTP_HOST else "dummy"
EMAIL_BACKEND = os.environ.get("DUIJIE_EMAIL_BACKEND", f"django.core.mail.backends.{_MAIL}.EmailBackend")
EMAIL_HOST, EMAIL_PORT = SMTP_HOST, int(os.environ.get("DUIJIE_SMTP_PORT", "25"))
EMAIL_HOST_USER = os.environ.get("DUIJIE_SMTP_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("DUIJIE_SMTP_PASSWORD", "")
EMAIL_USE_TLS = os.environ.get("DUIJIE_SMTP_TLS", "") == "starttls"
EMAIL_USE_SSL = os.environ.get("DUIJIE_SMTP_TLS", "") == "tls"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = os.environ.get("DUIJIE_MAIL_FROM", "duijie@localhost")
PUBLIC_URL = os.environ.get("DUIJIE_URL", "http://127.0.0.1:8000").rstrip("/")
"""Where people reach the portal: links in mails begin with it."""
HOOK_ORIGINS = frozenset(filter(None, os.environ.get("DUIJIE_HOOK_ORIGINS", "").split(",")))
"""The only origins a side may be told at, as ``https://host`` or ``https://host:port``; empty: none."""
SILENCED_SYSTEM_CHECKS = ["security.W004", "security.W008", "security.W012", "security.W016"] if not IS_HTTPS else []
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "loggers": {"django.request": {"handlers": ["console"], "level": "ERROR", "propagate": False}},
}
