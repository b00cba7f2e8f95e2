"""The door for web servers."""

import os

from django.core.wsgi import get_wsgi_application

from duijie_portal.body import guarded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "duijie_portal.settings")
application = guarded(get_wsgi_application())
