"""Whether a runtime admits a protocol: manifests, theorem packs, requirements, reasons."""
