//! The allocator of every function. An event is some thousand small allocations, and glibc takes twice as many
//! instructions for each as mimalloc does (MIT, one C library, compiled with ring's compiler).

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
