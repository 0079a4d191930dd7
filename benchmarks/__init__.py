"""Speed of ``nn`` beside its peers: ``python -m benchmarks --help``."""
