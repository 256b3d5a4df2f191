"""A trained model for others: as files of other libraries, as one web page, on Hugging Face's Hub."""
