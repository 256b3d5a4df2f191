"""The one exception that means "you can fix this"."""


class UserError(ValueError):
    """Something the user gave is wrong; the message says what was expected, what was received, and the remedy.

    Catch it as ``latente.UserError``; what is raised for one reason alone, such as a training that diverged, is a
    subclass of it. The command line prints the message alone and exits with code 2. Any other exception is a defect of
    Latente and keeps its traceback (exit code 1).
    """

    _keras_call_info_injected = True
    """Raised while Keras calls the model, it comes out as it is: Keras adds what it was called with to any other."""
