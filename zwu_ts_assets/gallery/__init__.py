"""The gallery: pages on which people look at a corpus, without a server.

What belongs here: what the pages show, their templates, style sheet and script. What does not:
gathering it from artifacts (`orchestration/assets/gallery_products.py`), writing and serving it.
"""
