"""What a knowledge base must satisfy beyond each row being well formed, one module a subject."""
