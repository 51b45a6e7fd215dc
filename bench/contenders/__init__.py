"""What users would pick instead, each as its own documentation shows it."""
