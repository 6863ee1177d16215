"""Lambda: moto's, but for what functions answer, for which moto needs Docker."""

from .models import functions_backends as functions_backends
