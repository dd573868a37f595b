"""What all command lines share: exit statuses, outputs and processes."""
