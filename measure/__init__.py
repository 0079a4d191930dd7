"""What the authors measure, outside the package: accuracy and speed."""
