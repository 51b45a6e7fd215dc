"""The settings. Each is declared once: its flag, variable, default, unit and help, and which values are right."""
