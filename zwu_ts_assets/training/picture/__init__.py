"""Questions whose answer stands in the figure or the video, and nowhere in the prompt.

What belongs here: the definitions of the tasks, their wordings, and the choice of questions that no
reader of the text alone can answer better than by chance. What does not: the proof
(`zwu_ts_assets.evidence`), which must share no code with this package.
"""
