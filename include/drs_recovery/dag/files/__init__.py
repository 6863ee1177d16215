"""Where plan files come from: the folder, its snapshots, and the last good version of each plan."""
