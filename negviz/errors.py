"""Errors that a person can act on: what was given, what was wanted, what to do."""


class NegvizError(Exception):
    """Base of every error that is the input's fault; its text is one clear sentence for the person who sees it."""


class DataError(NegvizError):
    """A file or folder is not what it claims to be, or holds nothing usable."""


class RecipeError(NegvizError):
    """A recipe, a step or a knob is not valid, or does not fit the pool at hand."""


class MissingInputError(NegvizError):
    """A method needs an input that the pool does not have; the text says which and how to get it."""


class UnknownNameError(NegvizError):
    """A name is not in a registry; the text lists the names that are."""


class ModelError(NegvizError):
    """An encoder's weights are missing, altered or not readable."""


class LabelError(NegvizError):
    """A label or a label file is not valid."""


class ExportError(NegvizError):
    """A selection cannot be expressed in the wanted format or written to the wanted place."""


class CancelledError(NegvizError):
    """The person asked for the work to stop; what was finished until then is kept."""


class ServiceError(NegvizError):
    """A service that the person named does not answer, refuses the key, or answers nothing that can be read."""
