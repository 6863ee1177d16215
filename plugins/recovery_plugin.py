"""Airflow finds the plugin here where the product is not installed, but lies on Airflow's paths."""

from drs_recovery.dag import plugin

if not plugin.is_installed():
    RecoveryPlugin = plugin.RecoveryPlugin
