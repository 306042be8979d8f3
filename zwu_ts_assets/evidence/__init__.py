"""Proof that questions need the picture: readers that know nothing but pixels.

Nothing here may import what draws figures or writes answers. Otherwise a mistake of theirs would
be repeated here, and the proof would prove nothing.
"""
