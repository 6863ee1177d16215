"""`make chaos`: whole executions on the real stack, while everything around them breaks."""
