"""The nouns that every part of Earful shares: plain values, standard library only, no input or output."""
