"""The same film twice: exact copies, and copies that were resized, cut or restored."""
