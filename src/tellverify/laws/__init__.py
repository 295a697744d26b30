"""Laws of lattices: structures of data, judged by a solver and by evaluation."""
