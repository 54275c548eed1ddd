"""Packs: the films and masks of a dataset, made small once, in a few large files.

``packing`` makes one, ``pack`` reads it, ``layout`` says what it is made of.
"""
