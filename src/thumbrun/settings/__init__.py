"""Every setting, declared once: flag, variable, default, unit, help and what makes a value right."""
