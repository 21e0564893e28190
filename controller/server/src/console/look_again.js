setTimeout(() => location.reload(), 4000);
