"""From the chapters to the package, and what the chapters must hold."""
