"""What is cached, where, and until when; what is over is deleted, here and in the Actions cache, nothing else."""
