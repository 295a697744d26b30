"""Machines and local types as files of Telltale, of Aura and our own."""
