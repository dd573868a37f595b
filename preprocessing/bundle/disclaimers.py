"""What must be said wherever the figures or the answers of a model are shown."""

ABOUT_FER2013 = """\
Of the 35,887 pictures of FER2013, 177 were approximate copies in the set that these figures were
measured on. FER2013's labels are noisy: people agree with them on about 65 % of the pictures. The
pictures come from web searches for words of emotion, so posed and exaggerated faces are common.
Faces turned far to a side were rarely seen in training."""
ABOUT_FERPLUS = """\
The labels here are those of FER+ (Barsoum et al. 2016, arXiv:1608.01041): the majority of ten
people's votes on FER2013's pictures. Pictures on which they came to none are left out, in the test
too, so figures are not to be compared with those on FER2013's own labels."""
CAUTION = "An expression is not an emotion: a smile does not say that someone is happy."
NOT_MEASURED = "Not measured: differences between groups of people by age, sex or skin."
