"""Sources of pictures: tables, class folders, lists and archives, read into labels and splits."""
