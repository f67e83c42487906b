//! What guardians publish, and how anybody verifies it without trusting who served it. Pure: bytes in, verdicts out.
