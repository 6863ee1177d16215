from .models import metrics_backends as metrics_backends
