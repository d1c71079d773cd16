"""The life of a job: accepted into the journal, drawn by a worker, posted by the courier, recovered after a crash."""
