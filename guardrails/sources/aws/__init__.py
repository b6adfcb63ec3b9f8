"""A live AWS account, read with read-only calls into the model."""
