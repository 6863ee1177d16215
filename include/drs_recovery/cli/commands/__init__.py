"""The commands, a module each: what a person may ask for, and what is shown."""
