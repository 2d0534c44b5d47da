//! Variance, correlation, regression and the shape of a distribution.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::Result;

use super::fold::{Aggregate, Fold};
use super::scalar::resolve_words;
use super::value::Value;

const ONE: &str = "bigint -> double | double -> double";
// An integer becomes a real before it becomes a double: Trino answers in real.
const TWO: &str = "real, real -> real | double, double -> double";
const MEAN: &str = "bigint -> double | real -> real | double -> double";

pub(super) fn functions() -> Vec<Aggregate> {
    let mut all = vec![Aggregate {
        name: "geometric_mean",
        words: MEAN,
        resolve: |types| resolve_words(MEAN, types),
        state: |_| vec![DataType::Float64, DataType::Int64],
        make: |_| Box::new(GeometricMean::default()),
    }];
    macro_rules! moments {
        ($($name:literal => $result:expr),* $(,)?) => {
            $(all.push(Aggregate {
                name: $name,
                words: ONE,
                resolve: |types| resolve_words(ONE, types),
                state: |_| vec![DataType::Float64; 5],
                make: |_| Box::new(MomentFold { moments: Moments::default(), result: $result }),
            });)*
        };
    }
    moments! {
        "stddev" => Moments::standard_deviation,
        "stddev_samp" => Moments::standard_deviation,
        "stddev_pop" => |moments| moments.of_population().map(f64::sqrt),
        "variance" => Moments::of_sample,
        "var_samp" => Moments::of_sample,
        "var_pop" => Moments::of_population,
        "skewness" => Moments::skewness,
        "kurtosis" => Moments::kurtosis,
    }
    macro_rules! pairs {
        ($($name:literal => $result:expr),* $(,)?) => {
            $(all.push(Aggregate {
                name: $name,
                words: TWO,
                resolve: |types| resolve_words(TWO, types),
                state: |_| vec![DataType::Float64; 6],
                make: |_| Box::new(PairFold { pairs: Pairs::default(), result: $result }),
            });)*
        };
    }
    pairs! {
        "corr" => Pairs::correlation,
        "covar_samp" => |pairs| (pairs.count > 1.0).then(|| pairs.together / (pairs.count - 1.0)),
        "covar_pop" => |pairs| (pairs.count > 0.0).then(|| pairs.together / pairs.count),
        "regr_slope" => Pairs::slope,
        "regr_intercept" => Pairs::intercept,
    }
    all
}

fn number(value: &Value<'_>) -> Option<f64> {
    #[expect(
        clippy::cast_precision_loss,
        reason = "Trino computes bigint as doubles, too"
    )]
    match value {
        Value::Double(value) => Some(*value),
        Value::Integer(value) => Some(*value as f64),
        _ => None,
    }
}

#[derive(Debug, Default)]
struct GeometricMean {
    logarithms: f64,
    count: i64,
}

impl Fold for GeometricMean {
    fn add(&mut self, row: &[Value<'_>]) -> Result<()> {
        if let Some(value) = number(&row[0]) {
            self.logarithms += value.ln();
            self.count += 1;
        }
        Ok(())
    }

    fn state(&self) -> Result<Vec<Value<'static>>> {
        Ok(vec![
            Value::Double(self.logarithms),
            Value::Integer(self.count),
        ])
    }

    fn merge(&mut self, state: &[Value<'_>]) -> Result<()> {
        self.logarithms += state[0].double();
        self.count += state[1].integer();
        Ok(())
    }

    fn result(&self) -> Result<Value<'static>> {
        #[expect(clippy::cast_precision_loss, reason = "no table has 2^53 rows")]
        Ok(if self.count == 0 {
            Value::Null
        } else {
            Value::Double((self.logarithms / self.count as f64).exp())
        })
    }
}

/// Count, mean and the sums of the second to fourth powers of the distances from the mean.
#[derive(Debug, Default, Clone, Copy)]
struct Moments {
    count: f64,
    mean: f64,
    second: f64,
    third: f64,
    fourth: f64,
}

impl Moments {
    fn plus(self, other: Self) -> Self {
        if self.count == 0.0 {
            return other;
        }
        if other.count == 0.0 {
            return self;
        }
        let (left, right) = (self.count, other.count);
        let count = left + right;
        let delta = other.mean - self.mean;
        let second = self.second + other.second + delta.powi(2) * left * right / count;
        let third = self.third
            + other.third
            + delta.powi(3) * left * right * (left - right) / count.powi(2)
            + 3.0 * delta * (left * other.second - right * self.second) / count;
        let fourth = self.fourth
            + other.fourth
            + delta.powi(4) * left * right * (left * left - left * right + right * right)
                / count.powi(3)
            + 6.0 * delta.powi(2) * (left * left * other.second + right * right * self.second)
                / count.powi(2)
            + 4.0 * delta * (left * other.third - right * self.third) / count;
        Self {
            count,
            mean: self.mean + delta * right / count,
            second,
            third,
            fourth,
        }
    }

    /// Takes one value. Infinity makes the mean, and with it the rest, NaN.
    fn add(&mut self, value: f64) {
        self.count += 1.0;
        let count = self.count;
        let delta = value - self.mean;
        let share = delta / count;
        let square = share * share;
        self.mean += share;
        let both = delta * (value - self.mean);
        self.fourth += both * square * (count * count - 3.0 * count + 3.0)
            + 6.0 * square * self.second
            - 4.0 * share * self.third;
        self.third += both * share * (count - 2.0) - 3.0 * share * self.second;
        self.second += both;
    }

    fn of_sample(&self) -> Option<f64> {
        (self.count > 1.0).then(|| self.second / (self.count - 1.0))
    }

    fn of_population(&self) -> Option<f64> {
        (self.count > 0.0).then(|| self.second / self.count)
    }

    fn standard_deviation(&self) -> Option<f64> {
        self.of_sample().map(f64::sqrt)
    }

    fn skewness(&self) -> Option<f64> {
        (self.count > 2.0).then(|| self.count.sqrt() * self.third / self.second.powf(1.5))
    }

    fn kurtosis(&self) -> Option<f64> {
        let count = self.count;
        (count > 3.0).then(|| {
            let below = (count - 2.0) * (count - 3.0);
            (count - 1.0) * count * (count + 1.0) / below * self.fourth / self.second.powi(2)
                - 3.0 * (count - 1.0).powi(2) / below
        })
    }
}

#[derive(Debug)]
struct MomentFold {
    moments: Moments,
    result: fn(&Moments) -> Option<f64>,
}

impl Fold for MomentFold {
    fn add(&mut self, row: &[Value<'_>]) -> Result<()> {
        if let Some(value) = number(&row[0]) {
            self.moments.add(value);
        }
        Ok(())
    }

    fn state(&self) -> Result<Vec<Value<'static>>> {
        let Moments {
            count,
            mean,
            second,
            third,
            fourth,
        } = self.moments;
        Ok([count, mean, second, third, fourth]
            .map(Value::Double)
            .to_vec())
    }

    fn merge(&mut self, state: &[Value<'_>]) -> Result<()> {
        let [count, mean, second, third, fourth] =
            [0, 1, 2, 3, 4].map(|place| state[place].double());
        self.moments = self.moments.plus(Moments {
            count,
            mean,
            second,
            third,
            fourth,
        });
        Ok(())
    }

    fn result(&self) -> Result<Value<'static>> {
        Ok((self.result)(&self.moments).map_or(Value::Null, Value::Double))
    }
}

/// Count, means, and the sums of the products of the distances from them. `own` is the dependent
/// side, the first argument.
#[derive(Debug, Default, Clone, Copy)]
struct Pairs {
    count: f64,
    own_mean: f64,
    other_mean: f64,
    together: f64,
    own_square: f64,
    other_square: f64,
}

impl Pairs {
    fn plus(self, added: Self) -> Self {
        if self.count == 0.0 {
            return added;
        }
        if added.count == 0.0 {
            return self;
        }
        let count = self.count + added.count;
        let own = added.own_mean - self.own_mean;
        let other = added.other_mean - self.other_mean;
        let weight = self.count * added.count / count;
        Self {
            count,
            own_mean: self.own_mean + own * added.count / count,
            other_mean: self.other_mean + other * added.count / count,
            together: self.together + added.together + own * other * weight,
            own_square: self.own_square + added.own_square + own * own * weight,
            other_square: self.other_square + added.other_square + other * other * weight,
        }
    }

    fn correlation(&self) -> Option<f64> {
        let result = self.together / (self.own_square.sqrt() * self.other_square.sqrt());
        result.is_finite().then_some(result)
    }

    fn slope(&self) -> Option<f64> {
        let result = self.together / self.other_square;
        result.is_finite().then_some(result)
    }

    fn intercept(&self) -> Option<f64> {
        let result = self.own_mean - self.slope()? * self.other_mean;
        result.is_finite().then_some(result)
    }
}

#[derive(Debug)]
struct PairFold {
    pairs: Pairs,
    result: fn(&Pairs) -> Option<f64>,
}

impl Fold for PairFold {
    fn add(&mut self, row: &[Value<'_>]) -> Result<()> {
        if let (Some(own_mean), Some(other_mean)) = (number(&row[0]), number(&row[1])) {
            let one = Pairs {
                count: 1.0,
                own_mean,
                other_mean,
                ..Pairs::default()
            };
            self.pairs = self.pairs.plus(one);
        }
        Ok(())
    }

    fn state(&self) -> Result<Vec<Value<'static>>> {
        let Pairs {
            count,
            own_mean,
            other_mean,
            together,
            own_square,
            other_square,
        } = self.pairs;
        let state = [
            count,
            own_mean,
            other_mean,
            together,
            own_square,
            other_square,
        ];
        Ok(state.map(Value::Double).to_vec())
    }

    fn merge(&mut self, state: &[Value<'_>]) -> Result<()> {
        let [
            count,
            own_mean,
            other_mean,
            together,
            own_square,
            other_square,
        ] = [0, 1, 2, 3, 4, 5].map(|place| state[place].double());
        self.pairs = self.pairs.plus(Pairs {
            count,
            own_mean,
            other_mean,
            together,
            own_square,
            other_square,
        });
        Ok(())
    }

    fn result(&self) -> Result<Value<'static>> {
        Ok((self.result)(&self.pairs).map_or(Value::Null, Value::Double))
    }
}
