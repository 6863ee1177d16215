from .models import automation_backends as automation_backends
