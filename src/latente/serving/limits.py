"""What one request may ask for, so that none fills the memory or keeps the model from the others."""

MOST_ROWS = 500
"""Images or codes in one request."""
MOST_SAMPLES = 1000
"""Draws of the prior in one request."""
MOST_STEPS = 100
"""Images along a path, or in a row of a traversal."""
MOST_PIXELS = 4096 * 4096
"""Pixels of all image files of one request together, as they come."""
MOST_BYTES = 16 * 2**20
"""Size of a request's body."""
MOST_AT_ONCE = 256
"""Requests that are being answered at the same time."""
FARTHEST = 1e4
"""Largest absolute value of a latent; a prior's draws lie within a few units of 0."""
