"""What happens to an execution: started, adopted, watched, ended, tried again. Knows no Airflow."""
