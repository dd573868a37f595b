"""What must be said wherever the figures of a model are shown: on its card and on the page."""

ABOUT_FER2013 = """\
Of the 35,887 pictures of FER2013, 177 were approximate copies in the set that these figures were
measured on. FER2013's labels are noisy: people agree with them on about 65 % of the pictures. The
pictures come from web searches for words of emotion, so posed and exaggerated faces are common.
Faces turned far to a side were rarely seen in training."""
NOT_MEASURED = "Not measured: differences between groups of people by age, sex or skin."
