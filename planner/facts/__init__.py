"""Every quantity that a product prints, once: what it means, for which state, how it is rounded, its band."""
