//! Several ways to do the same, measured in turn and over again: the machine is not as quick in one second as in the next.

/// Runs each of `sides` once, one after the other, `rounds` times: the runs of each side.
pub(crate) async fn by_turns<S, R>(
    sides: &[S],
    rounds: u64,
    mut run: impl AsyncFnMut(usize, &S) -> anyhow::Result<R>,
) -> anyhow::Result<Vec<Vec<R>>> {
    let mut runs: Vec<_> = sides.iter().map(|_| Vec::new()).collect();
    for _ in 0..rounds {
        for (place, side) in sides.iter().enumerate() {
            runs[place].push(run(place, side).await?);
        }
    }
    Ok(runs)
}

/// What `of` tells of each of `first` by what it tells of the other's run in the same round, so that what slows a round
/// slows both.
pub(crate) fn ratios<'r, R>(
    first: &'r [R],
    runs: &'r [R],
    of: impl Fn(&R) -> f64 + 'r,
) -> impl Iterator<Item = f64> + 'r {
    first
        .iter()
        .zip(runs)
        .map(move |(one, other)| of(one) / of(other))
}
