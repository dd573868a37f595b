"""The errors a caller may meet; every message says what, where, what was received, what to do."""


class MienError(Exception):
    """Base of every error that Mien raises on purpose."""


class ImageDecodeError(MienError):
    """The bytes are no picture that can be read."""


class UnsupportedImageError(ImageDecodeError):
    """The bytes are of a kind that Mien does not read at all (a PDF, a text)."""


class TooCostlyImageError(ImageDecodeError):
    """Decoding the picture takes more memory or processor time than a picture may."""

    def __init__(self) -> None:
        super().__init__(
            "Decoding this picture takes far more memory or time than a picture of its size "
            "should. Save it again as an ordinary JPEG or PNG file and try again."
        )


class ImageTooLargeError(MienError):
    """The picture has more pixels than Mien agrees to decode."""


class VideoDecodeError(MienError):
    """The file or camera gives no video that can be read."""


class DatasetError(MienError):
    """A source, or an aligned dataset, is broken or does not fit what was asked."""


class BundleError(MienError):
    """A trained bundle is missing, broken, or does not do what it promises."""


class ModelFileError(MienError):
    """A detector or landmark file is missing or is not the one expected."""
