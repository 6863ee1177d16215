"""What can go wrong when a stack is started, one class per remedy.

.. code-block:: text

    LauncherError
    ├── SettingRefused   set another value, or another port; nothing was started
    └── StartFailed      read the log that is named; everything was stopped again
"""

from __future__ import annotations

__all__ = ["LauncherError", "SettingRefused", "StartFailed"]


class LauncherError(Exception):
    """Base of the launcher's errors."""


class SettingRefused(LauncherError):
    """A setting, or a file in the home, that nothing can be started with."""


class StartFailed(LauncherError):
    """A component that did not come up."""
