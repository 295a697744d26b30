"""What a system lets its protocols do, as data: theorem packs, runtimes, guards, ceremonies."""
